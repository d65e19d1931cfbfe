"""The network of ``translator`` in idiomatic PyTorch, with or without input feeding, to compare with.

Layers, sizes, dropout, loss, optimizer and weight average are the same, but attention has one pass. The LSTMs
are ``torch.nn.LSTM``, which cuDNN computes on a GPU. With ``input_feeding`` the decoder also reads the
previous context (Luong et al. 2015, arXiv 1508.04025, section 3.3), so that training, too, goes one time step
at a time.

In favour of the peer, the backward LSTM of the encoder reads padding first, which saves sorting and packing
the sentences. In a batch without padding the results are the same.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import nn
from torch.nn import functional

from translator.config import ModelConfig, TrainingConfig
from translator.nn.model import TranslationModel


class VariationalDropout(nn.Module):
    """Dropout with one mask for all time steps of a sentence, or for all features of a word."""

    def __init__(self, rate: float, words: bool = False) -> None:
        super().__init__()
        self.rate, self.words = rate, words

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if not self.training or not self.rate:
            return x
        shape = (*x.shape[:2], 1) if self.words else (x.shape[0], 1, x.shape[2])
        return (
            x * torch.empty(shape, device=x.device, dtype=x.dtype).bernoulli_(1 - self.rate) / (1 - self.rate)
        )


class TorchNetwork(nn.Module):
    """The network as a PyTorch module.

    Args:
        config: sizes and dropout; one attention head.
        vocabulary_size: number of tokens.
        padding: id of padding.
        start: id before the first target token.
        input_feeding: whether the decoder reads the previous context.
    """

    def __init__(
        self, config: ModelConfig, vocabulary_size: int, padding: int, start: int, input_feeding: bool = False
    ) -> None:
        super().__init__()
        units, rate, self.output_row_length = config.units, config.dropout, config.output_row_length
        self.units, self.padding, self.start, self.input_feeding = units, padding, start, input_feeding
        self.matrix = nn.Parameter(torch.randn(vocabulary_size, units) * units**-0.5)
        self.bias = nn.Parameter(torch.zeros(vocabulary_size))
        self.source_words = VariationalDropout(config.word_dropout, words=True)
        self.target_words = VariationalDropout(config.word_dropout, words=True)
        self.bidirectional = nn.LSTM(units, units // 2, batch_first=True, bidirectional=True)
        self.encoder = nn.ModuleList(
            nn.LSTM(units, units, batch_first=True) for _ in range(config.encoder_layers - 1)
        )
        self.encoder_norms = nn.ModuleList(nn.LayerNorm(units, 1e-3) for _ in range(config.encoder_layers))
        self.drop = VariationalDropout(rate)
        self.initial = nn.Linear(units, 2 * config.decoder_layers * units)
        widths = [units if i == 0 else 2 * units for i in range(config.decoder_layers)]
        if input_feeding:
            widths[0] = 2 * units
            self.cells = nn.ModuleList(nn.LSTMCell(width, units) for width in widths)
        else:
            self.decoder = nn.ModuleList(nn.LSTM(width, units, batch_first=True) for width in widths)
        self.decoder_norms = nn.ModuleList(nn.LayerNorm(units, 1e-3) for _ in range(config.decoder_layers))
        self.query = nn.Linear(units, units, bias=False)
        self.key_value = nn.Linear(units, 2 * units, bias=False)
        self.readout = nn.Linear(2 * units, units)
        self.lexical = nn.Linear(units, units)

    def forward(
        self,
        source: torch.Tensor,
        target: torch.Tensor,
        alignments: torch.Tensor,
        smoothing: float,
        alignment_weight: float,
    ) -> torch.Tensor:
        """Mean loss per target token; ids int64 [batch, length], as ``TranslationModel.batch_loss``."""
        embedded = self.source_words(functional.embedding(source, self.matrix) * self.units**0.5)
        mask = source != self.padding
        x = self.encoder_norms[0](self.bidirectional(self.drop(embedded))[0])
        for layer, norm in zip(self.encoder, self.encoder_norms[1:], strict=True):
            x = norm(x + layer(self.drop(x))[0])
        keys, values = self.key_value(x).chunk(2, -1)
        weights = mask[..., None].to(x.dtype)
        mean = (x * weights).sum(1) / weights.sum(1)
        states = torch.tanh(self.initial(mean)).chunk(2 * len(self.decoder_norms), -1)
        previous = functional.pad(target[:, :-1], (1, 0), value=self.start)
        inputs = self.target_words(functional.embedding(previous, self.matrix) * self.units**0.5)
        decode = self._step_by_step if self.input_feeding else self._all_at_once
        x, context, attention = decode(inputs, states, keys, values, mask)
        lexical = self.drop(torch.tanh(attention @ embedded.to(attention.dtype)))
        top = self.drop(torch.cat([x, context], -1))
        readout = torch.tanh(self.readout(top)) + lexical + torch.tanh(self.lexical(lexical))
        is_token = target != self.padding
        rows = self.matrix
        if self.output_row_length:
            rows = self.output_row_length * functional.normalize(rows, dim=-1)
        logits = functional.linear(readout[is_token], rows, self.bias)
        loss = functional.cross_entropy(logits, target[is_token], label_smoothing=smoothing, reduction="sum")
        if alignment_weight:
            known = alignments >= 0
            chosen = attention[known].gather(1, alignments[known][:, None])
            loss = loss - alignment_weight * chosen.float().clamp_min(1e-37).log().sum()
        return loss / is_token.sum()

    def _attend(
        self, x: torch.Tensor, keys: Any, values: Any, mask: Any
    ) -> tuple[torch.Tensor, torch.Tensor]:
        scores = self.query(x) @ keys.transpose(1, 2) * self.units**-0.5
        attention = scores.float().masked_fill(~mask[:, None], float("-inf")).softmax(-1).to(values.dtype)
        return attention @ values, attention

    def _all_at_once(self, inputs: torch.Tensor, states: Any, *memory: Any) -> tuple[torch.Tensor, ...]:
        x = inputs
        for i, (layer, norm) in enumerate(zip(self.decoder, self.decoder_norms, strict=True)):
            state = tuple(part[None].contiguous() for part in states[2 * i : 2 * i + 2])
            layer_input = self.drop(x if i == 0 else torch.cat([x, context], -1))  # noqa: F821
            output = layer(layer_input, state)[0]
            x = norm(output if i == 0 else x + output)
            if i == 0:
                context, attention = self._attend(x, *memory)
        return x, context, attention

    def _step_by_step(self, inputs: torch.Tensor, states: Any, *memory: Any) -> tuple[torch.Tensor, ...]:
        outputs = []
        context = torch.zeros_like(inputs[:, 0])
        states = [tuple(states[2 * i : 2 * i + 2]) for i in range(len(self.cells))]
        for step in range(inputs.shape[1]):
            x = inputs[:, step]
            for i, (cell, norm) in enumerate(zip(self.cells, self.decoder_norms, strict=True)):
                states[i] = cell(self.drop(torch.cat([x, context], -1)[:, None])[:, 0], states[i])
                x = norm(states[i][0] if i == 0 else x + states[i][0])
                if i == 0:
                    attended, attention = self._attend(x[:, None], *memory)
                    context = attended[:, 0]
            outputs.append((x, context, attention[:, 0]))
        return tuple(torch.stack(parts, 1) for parts in zip(*outputs, strict=True))

    def take_weights(self, network: TranslationModel) -> None:
        """Copies the weights of the network that it is compared with."""
        encoder, decoder = network.encoder, network.decoder
        with torch.no_grad():
            _set(self.matrix, network.embedding.matrix)
            _set(self.bias, network.embedding.bias)
            _set_lstm(self.bidirectional, encoder.bidirectional.forward.cell, "")
            _set_lstm(self.bidirectional, encoder.bidirectional.backward.cell, "_reverse")
            for layer, source in zip(
                [*self.encoder, *self.decoder], [*encoder.layers, *decoder.layers], strict=True
            ):
                _set_lstm(layer, source.cell, "")
            norms = zip(
                [*self.encoder_norms, *self.decoder_norms], [*encoder.norms, *decoder.norms], strict=True
            )
            for norm, source in norms:
                _set(norm.weight, source.gamma)
                _set(norm.bias, source.beta)
            dense = {
                self.initial: decoder.initial,
                self.query: decoder.attention.query,
                self.key_value: decoder.attention.key_value,
                self.readout: decoder.readout,
                self.lexical: decoder.lexical.hidden,
            }
            for layer, source in dense.items():
                _set(layer.weight, source.kernel, transpose=True)
                if layer.bias is not None:
                    _set(layer.bias, source.bias)


def _set(parameter: torch.Tensor, variable: Any, transpose: bool = False) -> None:
    value = torch.from_numpy(variable.numpy())
    parameter.copy_(value.T if transpose else value)


def _set_lstm(layer: nn.LSTM, cell: Any, suffix: str) -> None:
    _set(getattr(layer, f"weight_ih_l0{suffix}"), cell.kernel, transpose=True)
    _set(getattr(layer, f"weight_hh_l0{suffix}"), cell.recurrent_kernel, transpose=True)
    _set(getattr(layer, f"bias_ih_l0{suffix}"), cell.bias)
    getattr(layer, f"bias_hh_l0{suffix}").zero_()


class TorchTraining:
    """Training steps with PyTorch's fast paths: fused Adam, foreach operations, autocast.

    Args:
        network: the network to train.
        config: learning rate, smoothing, clipping and averaging.
        device: ``cpu`` or ``cuda``.
        mixed: whether products are computed in bfloat16.
    """

    def __init__(self, network: TorchNetwork, config: TrainingConfig, device: str, mixed: bool) -> None:
        self.network, self._config, self._device, self._mixed = network.to(device), config, device, mixed
        self._weights = list(network.parameters())
        self._averages = [weight.detach().clone() for weight in self._weights]
        self._optimizer = torch.optim.Adam(self._weights, config.learning_rate, fused=device == "cuda")

    def loss(self, batch: tuple[torch.Tensor, ...]) -> torch.Tensor:
        """The mean loss per target token."""
        with torch.autocast(self._device, torch.bfloat16, enabled=self._mixed):
            return self.network(*batch, self._config.label_smoothing, self._config.guided_alignment)

    def step(self, batch: tuple[torch.Tensor, ...]) -> torch.Tensor:
        """Runs a step; returns the loss without waiting for it."""
        loss = self.loss(batch)
        self._optimizer.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(self._weights, self._config.clip_norm, foreach=True)
        self._optimizer.step()
        torch._foreach_lerp_(self._averages, self._weights, 1 - self._config.average_decay)
        return loss.detach()
