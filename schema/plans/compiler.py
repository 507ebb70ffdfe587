"""Makes plans: an operation's selections, looked up in the schema once instead of with every answer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from graphql import (
    DocumentNode,
    FragmentDefinitionNode,
    GraphQLAbstractType,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLSchema,
    OperationDefinitionNode,
    Visitor,
    is_abstract_type,
    is_leaf_type,
    is_list_type,
    is_non_null_type,
    visit,
)
from graphql.execution.collect_fields import (
    FieldDetailsList,
    FragmentDetails,
    GroupedFieldSet,
    collect_fields,
    collect_subfields,
)
from graphql.execution.values import VariableValues
from graphql.language import BREAK
from strawberry.schema.config import StrawberryConfig

from schema.plans import outputs
from schema.plans.fields import DEFINITION, Resolver, attribute, definition_of, resolved, resolver_of
from schema.plans.inputs import arguments_of
from schema.plans.leaves import leaf_of
from schema.plans.outputs import Completion, Slot
from schema.plans.unplanned import Unplanned

# Of one plan. Fragments may say much in few words.
MOST_FIELDS = 1_000
NO_VARIABLES = VariableValues({}, {})


class Root:
    """A field of the operation itself: who answers it is kept apart from what becomes of the answer."""

    def __init__(self, key: str, resolver: Resolver, completion: Completion) -> None:
        self.key = key
        self.resolver = resolver
        self.completion = completion


class Compiler:
    """For one operation of a valid document. `fields` counts those that it has come to."""

    def __init__(
        self,
        schema: GraphQLSchema,
        document: DocumentNode,
        operation: OperationDefinitionNode,
        config: StrawberryConfig,
        registry: Mapping[object, Any],
    ) -> None:
        """Raises Unplanned."""
        if _has_directives(document):
            raise Unplanned("directives")
        self._schema = schema
        self._operation = operation
        self._config = config
        self._registry = registry
        self._definitions = {
            each.name.value: each for each in document.definitions if isinstance(each, FragmentDefinitionNode)
        }
        self._fragments = {name: FragmentDetails(each) for name, each in self._definitions.items()}
        self.fields = 0

    def roots(self) -> list[Root]:
        """Raises Unplanned."""
        kind = self._schema.get_root_type(self._operation.operation)
        assert kind
        found = collect_fields(self._schema, self._fragments, NO_VARIABLES, kind, self._operation)
        return [self._root(kind, key, details) for key, details in found.grouped_field_set.items()]

    def _root(self, kind: GraphQLObjectType, key: str, details: FieldDetailsList) -> Root:
        name = details[0].node.name.value
        if name.startswith("__"):
            if name != "__typename":
                raise Unplanned("introspection")
            named = Resolver(lambda _, __: kind.name, awaits=False)
            return Root(key, named, Completion(lambda value, _: value))
        completion = self._completion(kind.fields[name].type, details)
        return Root(key, self._resolver(kind, details), completion)

    def _slots(self, kind: GraphQLObjectType, fields: GroupedFieldSet) -> list[Slot]:
        return [self._slot(kind, key, details) for key, details in fields.items()]

    def _slot(self, kind: GraphQLObjectType, key: str, details: FieldDetailsList) -> Slot:
        name = details[0].node.name.value
        if name == "__typename":
            return Slot(key, lambda _, __: kind.name, awaits=False, written=lambda _: repr(kind.name))
        field = definition_of(kind.fields[name])
        completion = self._completion(kind.fields[name].type, details)
        if field.is_basic_field:
            return attribute(key, field, completion)
        return resolved(key, self._resolver(kind, details), completion)

    def _resolver(self, kind: GraphQLObjectType, details: FieldDetailsList) -> Resolver:
        node = details[0].node
        definition = kind.fields[node.name.value]
        field = definition_of(definition)
        if field.is_basic_field:
            raise Unplanned("an attribute of nothing")
        arguments = arguments_of(field, definition.args, node, self._config, self._registry)
        return resolver_of(field, [each.node for each in details], self._definitions, arguments)

    def _completion(self, kind: GraphQLOutputType, details: FieldDetailsList) -> Completion:
        if is_non_null_type(kind):
            return self._present(kind.of_type, details)
        return outputs.nullable(self._present(kind, details))

    def _present(self, kind: GraphQLOutputType, details: FieldDetailsList) -> Completion:
        """Of a value that is not null."""
        self.fields += 1
        if self.fields > MOST_FIELDS:
            raise Unplanned("too many fields")
        if is_list_type(kind):
            return outputs.list_of(self._completion(kind.of_type, details))
        if is_leaf_type(kind):
            return outputs.of_leaf(leaf_of(kind))
        if is_abstract_type(kind):
            return outputs.one_of(self._members(kind, details))
        assert isinstance(kind, GraphQLObjectType)
        return self._object(kind, details)

    def _object(self, kind: GraphQLObjectType, details: FieldDetailsList) -> Completion:
        found = collect_subfields(self._schema, self._fragments, NO_VARIABLES, self._operation, kind, details)
        return outputs.object_of(self._slots(kind, found.grouped_field_set))

    def _members(self, kind: GraphQLAbstractType, details: FieldDetailsList) -> dict[type, Completion]:
        members = self._schema.get_possible_types(kind)
        return {each.extensions[DEFINITION].origin: self._object(each, details) for each in members}


class _Finder(Visitor):
    found = False

    def enter_directive(self, *_: Any) -> Any:
        self.found = True
        return BREAK


def _has_directives(document: DocumentNode) -> bool:
    finder = _Finder()
    visit(document, finder)
    return finder.found
