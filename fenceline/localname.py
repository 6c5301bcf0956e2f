"""A name in the languages of the house, for screens and pages."""

from pydantic import Field

from fenceline.configfile import ConfigModel


class LocalName(ConfigModel):
    """A name in the two languages of the screens and pages."""

    zh: str = Field(min_length=1)
    """Chinese, shown first."""
    en: str = Field(min_length=1)
    """English."""
