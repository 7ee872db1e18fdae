"""The kinds of content, and the switches of their augmentation."""

from enum import StrEnum

from pydantic import Field

from vectorizer_api.model import ApiModel


class ContentType(StrEnum):
    """The kinds of content, spelt as in the specification."""

    IMAGE = "Image"
    VIDEO = "Video"
    SOUND = "Sound"
    TEXT = "Text"
    POINT_CLOUD = "Point_Cloud"


AUGMENTED_BY_SWITCH = frozenset({ContentType.IMAGE, ContentType.VIDEO})
"""The content types that the augmentation switches act on."""


class AugmentationConditions(ApiModel):
    """Which random transformations enlarge the data set of an Image or Video run; no effect for other content types."""

    horizontal_flip: bool = Field(default=True)
    """horizontalFlip mirrors the picture left to right. Default true."""
    vertical_flip: bool = Field(default=True)
    """verticalFlip mirrors the picture top to bottom. Default true; set it to false where up and down carry meaning."""
    small_rotation: bool = Field(default=True)
    """smallRotation turns the picture by up to 30 degrees. Default true."""
    large_rotation: bool = Field(default=True)
    """largeRotation turns the picture by up to 90 degrees. Default true; with smallRotation one of the two is drawn."""
    center_crop: bool = Field(default=True)
    """centerCrop crops around the centre, keeps the aspect ratio and 0.5 to 1.0 of the size. Default true."""
    brightness_jitter: bool = Field(default=True)
    """brightnessJitter changes the brightness at random. Default true."""
    contrast_jitter: bool = Field(default=True)
    """contrastJitter changes the contrast at random. Default true."""
    saturation_jitter: bool = Field(default=True)
    """saturationJitter changes the colour saturation at random. Default true."""
    blur: bool = Field(default=True)
    """blur applies a Gaussian blur of random radius. Default true."""

    def switched_off(self) -> list[str]:
        """The JSON names of the switches that are false."""
        return [name for name, on in self.model_dump(by_alias=True).items() if not on]
