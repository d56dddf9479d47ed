"""The `imagenet-s` command. May import anything of the project; nothing imports it."""
