"""What is asked of a field's answer, for resolvers that can read it in one go, or leave it unread."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from graphql import FieldNode, FragmentDefinitionNode, FragmentSpreadNode, InlineFragmentNode, SelectionNode

from schema.context import Info


def selects(info: Info, *path: str) -> bool:
    """Whether the answer may have the field that `path` leads to, from the resolver's own on.

    Fragments and directives are taken to apply.
    """
    asked = info._raw_info  # noqa: SLF001 - Strawberry shows it in a form that takes longer than all else
    nodes: Sequence[FieldNode] = asked.field_nodes
    for name in path:
        nodes = [each for node in nodes for each in _below(node, asked.fragments) if each.name.value == name]
    return bool(nodes)


def _below(node: FieldNode, fragments: Mapping[str, FragmentDefinitionNode]) -> Iterator[FieldNode]:
    if node.selection_set:
        yield from _fields(node.selection_set.selections, fragments, set())


def _fields(
    selections: Sequence[SelectionNode], fragments: Mapping[str, FragmentDefinitionNode], seen: set[str]
) -> Iterator[FieldNode]:
    for each in selections:
        if isinstance(each, FieldNode):
            yield each
        elif isinstance(each, InlineFragmentNode):
            yield from _fields(each.selection_set.selections, fragments, seen)
        elif isinstance(each, FragmentSpreadNode) and each.name.value not in seen:
            seen.add(each.name.value)
            yield from _fields(fragments[each.name.value].selection_set.selections, fragments, seen)
