"""The numbered migrations of a village's database."""
