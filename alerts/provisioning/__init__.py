"""An organization's settings as one declarative file: read, compared, applied, written out."""
