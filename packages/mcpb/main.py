"""What Claude Desktop starts: indexes folders and follows them, and answers over standard input and output.

uv run main.py FOLDER ...
"""

import subprocess
import sys

from stackroom.cli.main import main

if __name__ == "__main__":
    # Its input ends when this process ends, even if it is killed; then it ends too. Where another one already
    # follows these folders it says so and ends, and what that one writes is read here. What it prints may not
    # come between the messages.
    subprocess.Popen(
        [sys.executable, "-m", "stackroom", "watch", "--quiet", "--with-parent", "--", *sys.argv[1:]],
        stdin=subprocess.PIPE,
        stdout=sys.stderr,
    )
    sys.exit(main(["serve", "--transport", "stdio"]))
