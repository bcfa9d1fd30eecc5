"""What lies behind the figures: where a network looks, which labels to doubt, what data buys."""
