"""What a restaurant's orders are and what may happen to them; knows neither HTTP nor SQL."""
