"""What every program of ours needs to be a well-behaved service, and nothing about villages.

Admission test: would a program about libraries or clinics use it unchanged? Imports none of our other packages.
"""
