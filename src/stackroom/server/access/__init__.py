"""Sign-in for one owner: an OAuth 2.1 authorization server, tokens for programs, and the browser's session.

The server uses `auth_provider.create_access_control`; commands use `store`, which keeps what must survive a
restart.
"""
