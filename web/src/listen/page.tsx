import { PageTitle } from "../ui/parts.tsx";

export function ListenPage({ id }: { id: string }) {
  return <PageTitle title="Narration">{id}</PageTitle>;
}
