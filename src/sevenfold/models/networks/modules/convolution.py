"""The torch module of the small image network; `models.networks.image_network` predicts the same without torch."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class ConvolutionalNetwork(nn.Module):
    """Convolutions of 3 x 3 with batch norms and rectifiers, halved between stages, averaged over the picture.

    Args:
        mean, spread: of each channel, in bytes.
        widths: channels after each convolution; the first one has a stride of 2.
        pools: numbers of the convolutions that a 2 x 2 maximum follows.
        outputs: units at the end.
        dropout: share of features silenced before the end.
    """

    mean: Tensor
    spread: Tensor

    def __init__(
        self,
        mean: list[float],
        spread: list[float],
        widths: tuple[int, ...],
        pools: tuple[int, ...],
        outputs: int,
        dropout: float,
    ) -> None:
        super().__init__()
        self.register_buffer("mean", torch.tensor(mean).view(1, -1, 1, 1))
        self.register_buffer("spread", torch.tensor(spread).view(1, -1, 1, 1))
        self.convolutions, self.norms = nn.ModuleList(), nn.ModuleList()
        channels = len(mean)
        for number, width in enumerate(widths):
            stride = 2 if number == 0 else 1
            convolution = nn.Conv2d(channels, width, 3, stride=stride, padding=1, bias=False)
            nn.init.kaiming_normal_(convolution.weight, mode="fan_out", nonlinearity="relu")
            self.convolutions.append(convolution)
            self.norms.append(nn.BatchNorm2d(width))
            channels = width
        self.head = nn.Linear(channels, outputs)
        nn.init.zeros_(self.head.bias)
        self.pools = frozenset(pools)
        self.dropout = nn.Dropout(dropout)
        self.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def forward(self, images: Tensor) -> Tensor:
        """(rows, outputs) from uint8 (rows, height, width, channels)."""
        # Rows of pixels with their channels side by side are what torch calls channels last: nothing is moved here.
        hidden = (images.permute(0, 3, 1, 2).float() - self.mean) / self.spread
        layers = zip(self.convolutions, self.norms, strict=True)
        for number, (convolution, norm) in enumerate(layers):
            hidden = torch.relu(norm(convolution(hidden)))
            if number in self.pools:
                hidden = nn.functional.max_pool2d(hidden, 2)
        return self.head(self.dropout(hidden.mean(dim=(2, 3))))

    def folded(self) -> list[tuple[Tensor, Tensor]]:
        """Each convolution joined with its norm, as it predicts: (9 x channels in, channels out) and (channels out,).

        The rows of the matrix run over height, width and channels of the 3 x 3 patch, in this order.
        """
        joined = []
        for convolution, norm in zip(self.convolutions, self.norms, strict=True):
            assert isinstance(convolution, nn.Conv2d) and isinstance(norm, nn.BatchNorm2d)
            assert norm.running_mean is not None and norm.running_var is not None
            factor = norm.weight.double() / (norm.running_var.double() + norm.eps).sqrt()
            weight = convolution.weight.double() * factor[:, None, None, None]
            matrix = weight.permute(2, 3, 1, 0).reshape(-1, weight.shape[0])
            bias = norm.bias.double() - norm.running_mean.double() * factor
            joined.append((matrix.float().detach(), bias.float().detach()))
        return joined
