# SPDX-License-Identifier: Apache-2.0
"""What a benchmark gives, and how it is shown."""

import dataclasses
import json

from benchmarks import figures, machine


@dataclasses.dataclass(frozen=True, slots=True)
class Result:
    """Metrics have their unit in the name; samples are single readings."""

    name: str
    metrics: dict[str, float]
    samples: dict[str, list[float]]
    notes: tuple[str, ...] = ()

    def document(self, facts: machine.Facts) -> str:
        """Give all of it as JSON."""
        content = {
            'name': self.name,
            'metrics': self.metrics,
            'samples': self.samples,
            'machine': facts,
        }
        return json.dumps(content, indent=1)

    def table(self) -> str:
        """Word the metrics, one in a line, and the notes below."""
        width = max(map(len, self.metrics))
        lines = [
            f'{name:{width}}  {value:10.3f}'
            for name, value in self.metrics.items()
        ]
        counts = ', '.join(
            f'{name} {len(values)}' for name, values in self.samples.items()
        )
        return '\n'.join([*lines, f'n: {counts}', *self.notes])


def spread(
    name: str, values: list[float], suffix: str = ''
) -> dict[str, float]:
    """Give the median and the 99th percentile of milliseconds."""
    return {
        f'{name}_p{percent}_ms{suffix}': round(
            figures.percentile(values, percent), 3
        )
        for percent in (50, 99)
    }
