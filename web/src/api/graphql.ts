/** `graphql(…)`: documents whose types come from schema/schema.graphql. */
import { initGraphQLTada } from "gql.tada";
import type { introspection } from "./schema-types.d.ts";

export const graphql = initGraphQLTada<{
  introspection: introspection;
  scalars: { UUID: string; DateTime: string; ID: string };
}>();
export type { FragmentOf, ResultOf } from "gql.tada";
