"""What is installed: units, example settings, and the demo that tells the story on one machine."""
