"""Data in buckets and on web servers: its addresses, and copies of it on a disk."""
