"""Tests of the village box."""
