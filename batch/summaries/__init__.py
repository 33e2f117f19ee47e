"""The managers' mail of a morning: its numbers, which of them moved, its pictures, its form."""
