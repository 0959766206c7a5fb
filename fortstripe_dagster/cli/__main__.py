"""`python -m fortstripe_dagster.cli` is `fortstripe`."""

from fortstripe_dagster.cli import main

if __name__ == "__main__":
    main()
