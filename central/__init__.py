"""The centre: merges what the villages say, decides, and publishes each answer."""
