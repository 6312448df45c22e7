"""The boards: their facts (`*/board.toml`), and what the firmware is built with because of them."""
