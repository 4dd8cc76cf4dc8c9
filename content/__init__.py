"""What screens show: media, playlists, campaigns, their rules, the staff's studio."""
