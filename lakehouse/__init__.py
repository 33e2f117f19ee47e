"""The ground: what data means, and where it is kept."""
