"""``python -m thoth.storages`` is ``thoth-storages``."""

from .cli import main

if __name__ == "__main__":
    main()
