#!/usr/bin/env bash
# curl: the whole trip by the four REST paths. They know generations alone: the story comes and goes by GraphQL.
set -euo pipefail

url=${STORYCAST_URL:-http://127.0.0.1:8000}
token=${STORYCAST_TOKEN:-}

# ask PATH [OPTION ...]: the answer. An error ends the program.
ask() {
  local answer
  answer=$(curl -sS --fail-with-body "$url$1" -H "Authorization: Bearer $token" \
    -H 'Content-Type: application/json' "${@:2}" 2>&1) || fail "$answer"
  echo "$answer"
}

# graphql DOCUMENT VARIABLES: the answer. An error ends the program.
graphql() {
  local answer
  answer=$(ask /graphql --data "{\"query\": \"${1//$'\n'/ }\", \"variables\": $2}")
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
answer=$(ask /api/story-generations --data "{\"story_id\": \"$story\"}" -H "Idempotency-Key: narrate-$story")
generation=$(value id "$answer")
echo "generation $generation"

# REST has nothing live: ask now and then.
status=pending
while [[ $status == pending || $status == in_progress ]]; do
  sleep 0.5
  answer=$(ask "/api/story-generations/$generation")
  status=$(value status "$answer")
  echo "$status $(value progress "$answer")%"
done
link=$(value result_url "$answer")
[[ $status == succeeded ]] || fail "$answer"

answer=$(ask '/api/story-generations?status=succeeded&pageSize=100')
[[ $answer == *"$generation"* ]] && listed='listed' || listed='not listed'
echo "$listed among $(value total "$answer") succeeded"

# The link needs no token, and works for an hour.
curl -sS --fail -o story.mp3 "$link"
echo "story.mp3 $(wc -c <story.mp3) bytes"

ask "/api/story-generations/$generation" -X DELETE >/dev/null
graphql 'mutation ($id: UUID!) { deleteStory(id: $id) { ... on Error { code message } } }' \
  "{\"id\": \"$story\"}" >/dev/null
echo 'deleted'
