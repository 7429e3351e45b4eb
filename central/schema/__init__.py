"""The numbered migrations of the centre's database."""
