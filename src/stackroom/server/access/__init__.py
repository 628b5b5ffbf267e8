"""Sign-in for one owner: an OAuth 2.1 authorization server, tokens for programs, and the browser's session.

guard.py is where the server takes hold of it. Everything that must survive a restart is in store.py.
"""
