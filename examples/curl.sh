#!/usr/bin/env bash
# curl: the whole trip by GraphQL, with live progress as server-sent events.
set -euo pipefail

url=${STORYCAST_URL:-http://127.0.0.1:8000}
token=${STORYCAST_TOKEN:-}

# post DOCUMENT VARIABLES [OPTION ...]: what the server answers.
post() {
  curl -sS "$url/graphql" -H "Authorization: Bearer $token" -H 'Content-Type: application/json' \
    "${@:3}" --data "{\"query\": \"${1//$'\n'/ }\", \"variables\": $2}"
}

# graphql DOCUMENT VARIABLES: the answer. An error ends the program.
graphql() {
  local answer
  answer=$(post "$@") || exit 1
  [[ $answer != *'"code":'* ]] || fail "$answer"
  echo "$answer"
}

# value KEY JSON: the first such value. (jq does it better, where there is one.)
value() {
  grep -oE "\"$1\":(\"[^\"]*\"|[^\",}]+)" <<<"$2" | sed -E '1!d; s/^[^:]+://; s/"//g'
}

fail() {
  echo "Failed: $1" >&2
  exit 1
}

sentence='Every evening the keeper lit the lamp. Far out, a boat saw it and turned for home. '
content=$(printf "$sentence%.0s" {1..30})

answer=$(graphql 'mutation ($input: CreateStoryInput!) { createStory(input: $input) {
  ... on CreateStorySuccess { story { id } } ... on Error { code message } } }' \
  "{\"input\": {\"title\": \"The lighthouse\", \"content\": \"$content\"}}")
story=$(value id "$answer")
echo "story $story"

# Asked again with the same key, it is the same narration.
answer=$(graphql 'mutation ($input: InitiateStoryGenerationInput!) { initiateStoryGeneration(input: $input) {
  ... on InitiateStoryGenerationSuccess { generation { id } } ... on Error { code message } } }' \
  "{\"input\": {\"storyId\": \"$story\", \"idempotencyKey\": \"narrate-$story\"}}")
generation=$(value id "$answer")
echo "generation $generation"

# An event a line that begins with `data:`, until the narration ends. -N has each come at once.
latest='no event came'
while read -r line; do
  [[ $line == 'data: '* ]] || continue
  latest=$line
  echo "$(value status "$latest") $(value progress "$latest")%"
done < <(post 'subscription ($id: UUID!) { storyGenerationProgress(id: $id) {
  status progress durationSeconds resultUrl error { code message } } }' \
  "{\"id\": \"$generation\"}" -N -H 'Accept: text/event-stream')
[[ $latest == *'"status":"SUCCEEDED"'* ]] || fail "$latest"

answer=$(graphql '{ storyGenerations(status: SUCCEEDED) { items { id } meta { total } } }' '{}')
[[ $answer == *"$generation"* ]] && listed='listed' || listed='not listed'
echo "$listed among $(value total "$answer") succeeded"

# The link needs no token, and works for an hour.
curl -sS --fail -o story.mp3 "$(value resultUrl "$latest")"
echo "story.mp3 $(value durationSeconds "$latest") seconds"

graphql 'mutation ($id: UUID!) { deleteStoryGeneration(id: $id) { ... on Error { code message } } }' \
  "{\"id\": \"$generation\"}" >/dev/null
graphql 'mutation ($id: UUID!) { deleteStory(id: $id) { ... on Error { code message } } }' \
  "{\"id\": \"$story\"}" >/dev/null
echo 'deleted'
