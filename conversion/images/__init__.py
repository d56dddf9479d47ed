"""What is known of a stored image: its header (`image_header`), its orientation (`exif`), both (`image_inspection`)."""
