"""Deploys template.yaml through CloudFormation, as `sam deploy` would, and tells what stands there."""

import time
from dataclasses import dataclass
from pathlib import Path

import yaml

from harness.build import ROOT, package
from harness.emulator import ACCOUNT, REGION, Emulator

NAME = "switchboard"
BUCKET = "packages"


class _Tagged(yaml.YAMLObject):
    """A value behind a short form such as !Ref, kept as it stands."""


class _Loader(yaml.SafeLoader):
    pass


class _Dumper(yaml.SafeDumper):
    def ignore_aliases(self, data):
        return True


@dataclass
class _Short:
    tag: str
    value: object


def _read_short(loader: _Loader, suffix: str, node: yaml.Node) -> _Short:
    if isinstance(node, yaml.ScalarNode):
        value = loader.construct_scalar(node)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        value = loader.construct_mapping(node, deep=True)
    return _Short(f"!{suffix}", value)


def _write_short(dumper: _Dumper, short: _Short) -> yaml.Node:
    if isinstance(short.value, str):
        return dumper.represent_scalar(short.tag, short.value)
    if isinstance(short.value, list):
        return dumper.represent_sequence(short.tag, short.value)
    return dumper.represent_mapping(short.tag, short.value)


_Loader.add_multi_constructor("!", _read_short)
_Dumper.add_representer(_Short, _write_short)
