"""Figures, as ratios to limits and peers measured in the same run. A figure never decides a test."""
