"""`python -m console` is `fenceline`."""

from console.cli import main

main()
