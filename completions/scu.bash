# Made by tools/make-completion from `scu help --json`.
# Sourced by bash-completion, or by hand; needs bash 4 and nothing else.

# Of names only those that begin as the word does, quoted where the shell would read them otherwise: compgen -W would
# expand what stands in somebody's node file.
_scu_add_nodes() {
  local name
  while IFS= read -r name; do
    if [[ $name == "$2"* ]]; then COMPREPLY+=("$(printf %q "$name")"); fi
  done < <("$1" nodes --json 2>/dev/null | sed -n 's/^{"event":"node","name":"\([^"\\]*\)".*/\1/p')
}

_scu_add_words() {
  local word
  for word in $1; do
    if [[ $word == "$2"* ]]; then COMPREPLY+=("$word"); fi
  done
}

_scu_options() {
  case $1 in
    echo) echo "--passcode-file --identity-file --repeat --json --color --quiet --verbose --debug --trace --audit --log --log-level --phi --help --aet --local-address --local-port --max-pdu --implementation-uid --implementation-version --timeout-connect --timeout-associate --timeout-response --timeout-idle --timeout-release --nodes --user --identity-kind --identity-response --identity-optional --identity-over-plain --peer-associations --timeout-turn --timeout-tcp --protocol-version -q -v -d -h" ;;
    store) echo "--listen --recursive --filter --from --null --jobs --commit --dry-run --set --remove --remove-private --passcode-file --identity-file --json --progress --color --quiet --verbose --debug --trace --audit --log --log-level --phi --help --aet --local-address --local-port --max-pdu --implementation-uid --implementation-version --timeout-connect --timeout-associate --timeout-response --timeout-idle --timeout-release --allow-truncated --accept-from --nodes --max-associations --user --identity-kind --identity-response --identity-optional --identity-over-plain --async-window --retries --retry-wait --peer-associations --timeout-turn --timeout-tcp --protocol-version --timeout-commit --commit-hold --commit-listen --ledger -r -0 -q -v -d -h" ;;
    commit) echo "--listen --recursive --filter --from --null --resume --only-listen --passcode-file --identity-file --json --color --quiet --verbose --debug --trace --audit --log --log-level --phi --help --aet --local-address --local-port --max-pdu --implementation-uid --implementation-version --timeout-connect --timeout-associate --timeout-response --timeout-idle --timeout-release --accept-from --nodes --max-associations --user --identity-kind --identity-response --identity-optional --identity-over-plain --peer-associations --timeout-turn --timeout-tcp --protocol-version --timeout-commit --commit-hold --commit-listen --ledger -r -0 -q -v -d -h" ;;
    find) echo "--match --query --level --depth --model --relational --extended --all --strict --split --limit --table --csv --require-match --passcode-file --identity-file --json --color --quiet --verbose --debug --trace --audit --log --log-level --phi --help --aet --local-address --local-port --max-pdu --implementation-uid --implementation-version --timeout-connect --timeout-associate --timeout-response --timeout-idle --timeout-release --cancel-wait --nodes --user --identity-kind --identity-response --identity-optional --identity-over-plain --peer-associations --timeout-turn --timeout-tcp --protocol-version --character-set --uids-per-request --extended-negotiation --query-cap -k -q -v -d -h" ;;
    move) echo "--match --query --level --model --relational --extended --all --strict --split --require-match --to --output --listen --raw-identifier --passcode-file --identity-file --json --progress --color --quiet --verbose --debug --trace --audit --log --log-level --phi --help --aet --local-address --local-port --max-pdu --implementation-uid --implementation-version --timeout-connect --timeout-associate --timeout-response --timeout-idle --timeout-release --timeout-retrieve --move-grace --cancel-wait --durability --layout --on-duplicate --accept-from --nodes --max-associations --user --identity-kind --identity-response --identity-optional --identity-over-plain --peer-associations --timeout-turn --timeout-tcp --protocol-version --character-set --uids-per-request --extended-negotiation --query-cap --temp-dir --timeout-nearline --force-offline -k -o -q -v -d -h" ;;
    get) echo "--match --query --level --model --relational --extended --all --strict --split --require-match --output --listen --with --raw-identifier --from --null --passcode-file --identity-file --json --progress --color --quiet --verbose --debug --trace --audit --log --log-level --phi --help --aet --local-address --local-port --max-pdu --implementation-uid --implementation-version --timeout-connect --timeout-associate --timeout-response --timeout-idle --timeout-release --timeout-retrieve --move-grace --cancel-wait --durability --layout --on-duplicate --accept-from --nodes --max-associations --user --identity-kind --identity-response --identity-optional --identity-over-plain --peer-associations --timeout-turn --timeout-tcp --protocol-version --character-set --uids-per-request --both-roles --extended-negotiation --query-cap --temp-dir --timeout-nearline --force-offline -k -o -0 -q -v -d -h" ;;
    listen) echo "--output --port --json --progress --color --quiet --verbose --debug --trace --audit --metrics --log --log-level --phi --help --aet --max-pdu --implementation-uid --implementation-version --timeout-associate --timeout-idle --timeout-release --durability --layout --on-duplicate --accept-from --nodes --max-associations --temp-dir --check-called-ae -o -p -q -v -d -h" ;;
    archive) echo "--port --demo --peer --fault --check --accept-user --json --color --quiet --verbose --debug --trace --audit --metrics --log --log-level --phi --help --aet --max-pdu --implementation-uid --implementation-version --timeout-associate --timeout-idle --timeout-release --durability --on-duplicate --accept-from --nodes --max-associations --check-called-ae -p -q -v -d -h" ;;
    nodes) echo "--json --color --quiet --verbose --debug --log --log-level --phi --help --aet --local-address --local-port --max-pdu --implementation-uid --implementation-version --timeout-connect --timeout-associate --timeout-response --timeout-idle --timeout-release --nodes --user --identity-kind --identity-response --identity-optional --identity-over-plain --peer-associations --timeout-turn --timeout-tcp --protocol-version -q -v -d -h" ;;
    dump) echo "--json --color --quiet --verbose --debug --help -q -v -d -h" ;;
    explain) echo "--json --color --quiet --verbose --debug --help -q -v -d -h" ;;
    version) echo "--json --color --quiet --verbose --debug --help -q -v -d -h" ;;
    help) echo "--full --json --color --quiet --verbose --debug --help -q -v -d -h" ;;
  esac
}

# What the value of an option is; nothing where it has none.
_scu_value() {
  case "$1 $2" in
    "echo --passcode-file") echo "file" ;;
    "echo --identity-file") echo "file" ;;
    "echo --repeat") echo "none" ;;
    "echo --color") echo "words:auto always never" ;;
    "echo --trace") echo "file" ;;
    "echo --audit") echo "none" ;;
    "echo --log") echo "file" ;;
    "echo --log-level") echo "words:error warning info debug dump" ;;
    "echo --aet") echo "none" ;;
    "echo --local-address") echo "none" ;;
    "echo --local-port") echo "none" ;;
    "echo --max-pdu") echo "none" ;;
    "echo --implementation-uid") echo "none" ;;
    "echo --implementation-version") echo "none" ;;
    "echo --timeout-connect") echo "none" ;;
    "echo --timeout-associate") echo "none" ;;
    "echo --timeout-response") echo "none" ;;
    "echo --timeout-idle") echo "none" ;;
    "echo --timeout-release") echo "none" ;;
    "echo --nodes") echo "file" ;;
    "echo --user") echo "none" ;;
    "echo --identity-kind") echo "words:auto kerberos saml jwt" ;;
    "echo --peer-associations") echo "none" ;;
    "echo --timeout-turn") echo "none" ;;
    "echo --timeout-tcp") echo "none" ;;
    "echo --protocol-version") echo "none" ;;
    "store --listen") echo "none" ;;
    "store --filter") echo "none" ;;
    "store --from") echo "file" ;;
    "store --jobs") echo "none" ;;
    "store --set") echo "keyed" ;;
    "store --remove") echo "key" ;;
    "store --passcode-file") echo "file" ;;
    "store --identity-file") echo "file" ;;
    "store --progress") echo "words:auto always never json" ;;
    "store --color") echo "words:auto always never" ;;
    "store --trace") echo "file" ;;
    "store --audit") echo "none" ;;
    "store --log") echo "file" ;;
    "store --log-level") echo "words:error warning info debug dump" ;;
    "store --aet") echo "none" ;;
    "store --local-address") echo "none" ;;
    "store --local-port") echo "none" ;;
    "store --max-pdu") echo "none" ;;
    "store --implementation-uid") echo "none" ;;
    "store --implementation-version") echo "none" ;;
    "store --timeout-connect") echo "none" ;;
    "store --timeout-associate") echo "none" ;;
    "store --timeout-response") echo "none" ;;
    "store --timeout-idle") echo "none" ;;
    "store --timeout-release") echo "none" ;;
    "store --accept-from") echo "none" ;;
    "store --nodes") echo "file" ;;
    "store --max-associations") echo "none" ;;
    "store --user") echo "none" ;;
    "store --identity-kind") echo "words:auto kerberos saml jwt" ;;
    "store --async-window") echo "none" ;;
    "store --retries") echo "none" ;;
    "store --retry-wait") echo "none" ;;
    "store --peer-associations") echo "none" ;;
    "store --timeout-turn") echo "none" ;;
    "store --timeout-tcp") echo "none" ;;
    "store --protocol-version") echo "none" ;;
    "store --timeout-commit") echo "none" ;;
    "store --commit-hold") echo "none" ;;
    "store --ledger") echo "dir" ;;
    "commit --listen") echo "none" ;;
    "commit --filter") echo "none" ;;
    "commit --from") echo "file" ;;
    "commit --passcode-file") echo "file" ;;
    "commit --identity-file") echo "file" ;;
    "commit --color") echo "words:auto always never" ;;
    "commit --trace") echo "file" ;;
    "commit --audit") echo "none" ;;
    "commit --log") echo "file" ;;
    "commit --log-level") echo "words:error warning info debug dump" ;;
    "commit --aet") echo "none" ;;
    "commit --local-address") echo "none" ;;
    "commit --local-port") echo "none" ;;
    "commit --max-pdu") echo "none" ;;
    "commit --implementation-uid") echo "none" ;;
    "commit --implementation-version") echo "none" ;;
    "commit --timeout-connect") echo "none" ;;
    "commit --timeout-associate") echo "none" ;;
    "commit --timeout-response") echo "none" ;;
    "commit --timeout-idle") echo "none" ;;
    "commit --timeout-release") echo "none" ;;
    "commit --accept-from") echo "none" ;;
    "commit --nodes") echo "file" ;;
    "commit --max-associations") echo "none" ;;
    "commit --user") echo "none" ;;
    "commit --identity-kind") echo "words:auto kerberos saml jwt" ;;
    "commit --peer-associations") echo "none" ;;
    "commit --timeout-turn") echo "none" ;;
    "commit --timeout-tcp") echo "none" ;;
    "commit --protocol-version") echo "none" ;;
    "commit --timeout-commit") echo "none" ;;
    "commit --commit-hold") echo "none" ;;
    "commit --ledger") echo "dir" ;;
    "find --match" | "find -k") echo "keys" ;;
    "find --query") echo "file" ;;
    "find --level") echo "words:patient study series image instance" ;;
    "find --depth") echo "words:patient study series image instance" ;;
    "find --model") echo "words:study patient psonly worklist" ;;
    "find --relational") echo "words:auto no yes" ;;
    "find --extended") echo "words:date-time fuzzy timezone view empty multiple" ;;
    "find --limit") echo "none" ;;
    "find --passcode-file") echo "file" ;;
    "find --identity-file") echo "file" ;;
    "find --color") echo "words:auto always never" ;;
    "find --trace") echo "file" ;;
    "find --audit") echo "none" ;;
    "find --log") echo "file" ;;
    "find --log-level") echo "words:error warning info debug dump" ;;
    "find --aet") echo "none" ;;
    "find --local-address") echo "none" ;;
    "find --local-port") echo "none" ;;
    "find --max-pdu") echo "none" ;;
    "find --implementation-uid") echo "none" ;;
    "find --implementation-version") echo "none" ;;
    "find --timeout-connect") echo "none" ;;
    "find --timeout-associate") echo "none" ;;
    "find --timeout-response") echo "none" ;;
    "find --timeout-idle") echo "none" ;;
    "find --timeout-release") echo "none" ;;
    "find --cancel-wait") echo "none" ;;
    "find --nodes") echo "file" ;;
    "find --user") echo "none" ;;
    "find --identity-kind") echo "words:auto kerberos saml jwt" ;;
    "find --peer-associations") echo "none" ;;
    "find --timeout-turn") echo "none" ;;
    "find --timeout-tcp") echo "none" ;;
    "find --protocol-version") echo "none" ;;
    "find --character-set") echo "none" ;;
    "find --uids-per-request") echo "none" ;;
    "find --extended-negotiation") echo "words:all no 1 2 3 4 5 6 7" ;;
    "find --query-cap") echo "none" ;;
    "move --match" | "move -k") echo "keys" ;;
    "move --query") echo "file" ;;
    "move --level") echo "words:patient study series image instance" ;;
    "move --model") echo "words:study patient psonly worklist" ;;
    "move --relational") echo "words:auto no yes" ;;
    "move --extended") echo "words:date-time fuzzy timezone view empty multiple" ;;
    "move --to") echo "none" ;;
    "move --output" | "move -o") echo "dir" ;;
    "move --listen") echo "none" ;;
    "move --passcode-file") echo "file" ;;
    "move --identity-file") echo "file" ;;
    "move --progress") echo "words:auto always never json" ;;
    "move --color") echo "words:auto always never" ;;
    "move --trace") echo "file" ;;
    "move --audit") echo "none" ;;
    "move --log") echo "file" ;;
    "move --log-level") echo "words:error warning info debug dump" ;;
    "move --aet") echo "none" ;;
    "move --local-address") echo "none" ;;
    "move --local-port") echo "none" ;;
    "move --max-pdu") echo "none" ;;
    "move --implementation-uid") echo "none" ;;
    "move --implementation-version") echo "none" ;;
    "move --timeout-connect") echo "none" ;;
    "move --timeout-associate") echo "none" ;;
    "move --timeout-response") echo "none" ;;
    "move --timeout-idle") echo "none" ;;
    "move --timeout-release") echo "none" ;;
    "move --timeout-retrieve") echo "none" ;;
    "move --move-grace") echo "none" ;;
    "move --cancel-wait") echo "none" ;;
    "move --durability") echo "words:batch file none" ;;
    "move --layout") echo "words:tree flat" ;;
    "move --on-duplicate") echo "words:keep replace both" ;;
    "move --accept-from") echo "none" ;;
    "move --nodes") echo "file" ;;
    "move --max-associations") echo "none" ;;
    "move --user") echo "none" ;;
    "move --identity-kind") echo "words:auto kerberos saml jwt" ;;
    "move --peer-associations") echo "none" ;;
    "move --timeout-turn") echo "none" ;;
    "move --timeout-tcp") echo "none" ;;
    "move --protocol-version") echo "none" ;;
    "move --character-set") echo "none" ;;
    "move --uids-per-request") echo "none" ;;
    "move --extended-negotiation") echo "words:all no 1 2 3 4 5 6 7" ;;
    "move --query-cap") echo "none" ;;
    "move --temp-dir") echo "dir" ;;
    "move --timeout-nearline") echo "none" ;;
    "get --match" | "get -k") echo "keys" ;;
    "get --query") echo "file" ;;
    "get --level") echo "words:patient study series image instance" ;;
    "get --model") echo "words:study patient psonly worklist" ;;
    "get --relational") echo "words:auto no yes" ;;
    "get --extended") echo "words:date-time fuzzy timezone view empty multiple" ;;
    "get --output" | "get -o") echo "dir" ;;
    "get --listen") echo "none" ;;
    "get --with") echo "words:get move auto" ;;
    "get --from") echo "file" ;;
    "get --passcode-file") echo "file" ;;
    "get --identity-file") echo "file" ;;
    "get --progress") echo "words:auto always never json" ;;
    "get --color") echo "words:auto always never" ;;
    "get --trace") echo "file" ;;
    "get --audit") echo "none" ;;
    "get --log") echo "file" ;;
    "get --log-level") echo "words:error warning info debug dump" ;;
    "get --aet") echo "none" ;;
    "get --local-address") echo "none" ;;
    "get --local-port") echo "none" ;;
    "get --max-pdu") echo "none" ;;
    "get --implementation-uid") echo "none" ;;
    "get --implementation-version") echo "none" ;;
    "get --timeout-connect") echo "none" ;;
    "get --timeout-associate") echo "none" ;;
    "get --timeout-response") echo "none" ;;
    "get --timeout-idle") echo "none" ;;
    "get --timeout-release") echo "none" ;;
    "get --timeout-retrieve") echo "none" ;;
    "get --move-grace") echo "none" ;;
    "get --cancel-wait") echo "none" ;;
    "get --durability") echo "words:batch file none" ;;
    "get --layout") echo "words:tree flat" ;;
    "get --on-duplicate") echo "words:keep replace both" ;;
    "get --accept-from") echo "none" ;;
    "get --nodes") echo "file" ;;
    "get --max-associations") echo "none" ;;
    "get --user") echo "none" ;;
    "get --identity-kind") echo "words:auto kerberos saml jwt" ;;
    "get --peer-associations") echo "none" ;;
    "get --timeout-turn") echo "none" ;;
    "get --timeout-tcp") echo "none" ;;
    "get --protocol-version") echo "none" ;;
    "get --character-set") echo "none" ;;
    "get --uids-per-request") echo "none" ;;
    "get --extended-negotiation") echo "words:all no 1 2 3 4 5 6 7" ;;
    "get --query-cap") echo "none" ;;
    "get --temp-dir") echo "dir" ;;
    "get --timeout-nearline") echo "none" ;;
    "listen --output" | "listen -o") echo "dir" ;;
    "listen --port" | "listen -p") echo "none" ;;
    "listen --progress") echo "words:auto always never json" ;;
    "listen --color") echo "words:auto always never" ;;
    "listen --trace") echo "file" ;;
    "listen --audit") echo "none" ;;
    "listen --metrics") echo "file" ;;
    "listen --log") echo "file" ;;
    "listen --log-level") echo "words:error warning info debug dump" ;;
    "listen --aet") echo "none" ;;
    "listen --max-pdu") echo "none" ;;
    "listen --implementation-uid") echo "none" ;;
    "listen --implementation-version") echo "none" ;;
    "listen --timeout-associate") echo "none" ;;
    "listen --timeout-idle") echo "none" ;;
    "listen --timeout-release") echo "none" ;;
    "listen --durability") echo "words:batch file none" ;;
    "listen --layout") echo "words:tree flat" ;;
    "listen --on-duplicate") echo "words:keep replace both" ;;
    "listen --accept-from") echo "none" ;;
    "listen --nodes") echo "file" ;;
    "listen --max-associations") echo "none" ;;
    "listen --temp-dir") echo "dir" ;;
    "archive --port" | "archive -p") echo "none" ;;
    "archive --peer") echo "none" ;;
    "archive --fault") echo "none" ;;
    "archive --accept-user") echo "none" ;;
    "archive --color") echo "words:auto always never" ;;
    "archive --trace") echo "file" ;;
    "archive --audit") echo "none" ;;
    "archive --metrics") echo "file" ;;
    "archive --log") echo "file" ;;
    "archive --log-level") echo "words:error warning info debug dump" ;;
    "archive --aet") echo "none" ;;
    "archive --max-pdu") echo "none" ;;
    "archive --implementation-uid") echo "none" ;;
    "archive --implementation-version") echo "none" ;;
    "archive --timeout-associate") echo "none" ;;
    "archive --timeout-idle") echo "none" ;;
    "archive --timeout-release") echo "none" ;;
    "archive --durability") echo "words:batch file none" ;;
    "archive --on-duplicate") echo "words:keep replace both" ;;
    "archive --accept-from") echo "none" ;;
    "archive --nodes") echo "file" ;;
    "archive --max-associations") echo "none" ;;
    "nodes --color") echo "words:auto always never" ;;
    "nodes --log") echo "file" ;;
    "nodes --log-level") echo "words:error warning info debug dump" ;;
    "nodes --aet") echo "none" ;;
    "nodes --local-address") echo "none" ;;
    "nodes --local-port") echo "none" ;;
    "nodes --max-pdu") echo "none" ;;
    "nodes --implementation-uid") echo "none" ;;
    "nodes --implementation-version") echo "none" ;;
    "nodes --timeout-connect") echo "none" ;;
    "nodes --timeout-associate") echo "none" ;;
    "nodes --timeout-response") echo "none" ;;
    "nodes --timeout-idle") echo "none" ;;
    "nodes --timeout-release") echo "none" ;;
    "nodes --nodes") echo "file" ;;
    "nodes --user") echo "none" ;;
    "nodes --identity-kind") echo "words:auto kerberos saml jwt" ;;
    "nodes --peer-associations") echo "none" ;;
    "nodes --timeout-turn") echo "none" ;;
    "nodes --timeout-tcp") echo "none" ;;
    "nodes --protocol-version") echo "none" ;;
    "dump --color") echo "words:auto always never" ;;
    "explain --color") echo "words:auto always never" ;;
    "version --color") echo "words:auto always never" ;;
    "help --color") echo "words:auto always never" ;;
  esac
}

# What the arguments of a command are: the first one, and the others.
_scu_arguments() {
  case $1 in
    echo) echo "node none" ;;
    store) echo "node file" ;;
    commit) echo "node file" ;;
    find) echo "node keyed" ;;
    move) echo "node keyed" ;;
    get) echo "node keyed" ;;
    listen) echo "none none" ;;
    archive) echo "dir none" ;;
    nodes) echo "part none" ;;
    dump) echo "file file" ;;
    explain) echo "none none" ;;
    version) echo "none none" ;;
    help) echo "command none" ;;
    nodes-list) echo "none none" ;;
    nodes-show) echo "node none" ;;
    nodes-test) echo "node node" ;;
    nodes-add) echo "none setting" ;;
    nodes-set) echo "node setting" ;;
    nodes-remove) echo "node none" ;;
  esac
}

_scu_add() {
  local kind=$1 program=$2 word=$3
  case $kind in
    words:*) _scu_add_words "${kind#words:}" "$word" ;;
    file) compopt -o filenames 2>/dev/null; mapfile -t COMPREPLY < <(compgen -f -- "$word") ;;
    dir) compopt -o filenames 2>/dev/null; mapfile -t COMPREPLY < <(compgen -d -- "$word") ;;
    node) _scu_add_nodes "$program" "$word" ;;
    command) _scu_add_words "echo store commit find move get listen archive nodes dump explain version help" "$word" ;;
    part) _scu_add_words "list show test add set remove" "$word" ;;
    key | keys) _scu_add_words "PatientName PatientID PatientBirthDate PatientSex IssuerOfPatientID StudyInstanceUID StudyDate StudyTime StudyID StudyDescription AccessionNumber ModalitiesInStudy ReferringPhysicianName SeriesInstanceUID SeriesNumber SeriesDescription SeriesDate Modality BodyPartExamined SOPInstanceUID SOPClassUID InstanceNumber NumberOfStudyRelatedInstances NumberOfSeriesRelatedInstances ScheduledProcedureStepStartDate ScheduledStationAETitle RequestedProcedureID RequestedProcedureDescription" "$word" ;;
    keyed) compopt -o nospace 2>/dev/null; _scu_add_words "PatientName= PatientID= PatientBirthDate= PatientSex= IssuerOfPatientID= StudyInstanceUID= StudyDate= StudyTime= StudyID= StudyDescription= AccessionNumber= ModalitiesInStudy= ReferringPhysicianName= SeriesInstanceUID= SeriesNumber= SeriesDescription= SeriesDate= Modality= BodyPartExamined= SOPInstanceUID= SOPClassUID= InstanceNumber= NumberOfStudyRelatedInstances= NumberOfSeriesRelatedInstances= ScheduledProcedureStepStartDate= ScheduledStationAETitle= RequestedProcedureID= RequestedProcedureDescription=" "$word" ;;
    setting) compopt -o nospace 2>/dev/null; _scu_add_words "aet= host= port= tls= user= passcode-file= identity-over-plain= comment= max-pdu= timeout-connect= timeout-associate= timeout-response= timeout-idle= timeout-release= timeout-retrieve= move-grace= cancel-wait= async-window= retry-wait= peer-associations= timeout-turn= timeout-tcp= timeout-commit= commit-hold= character-set= uids-per-request= both-roles= extended-negotiation= query-cap= timeout-nearline= retrieve-with=" "$word" ;;
  esac
}

_scu() {
  local program=$1 word=$2 before=$3 command=${COMP_WORDS[1]} at count=0 part="" kind
  COMPREPLY=()
  if [ "$COMP_CWORD" -le 1 ]; then
    _scu_add command "$program" "$word"
    return
  fi
  # An = is a word of its own to bash: --level=series, PatientID=4711.
  if [ "$word" = = ]; then word="" before=${COMP_WORDS[COMP_CWORD-1]}
  elif [ "$before" = = ]; then before=${COMP_WORDS[COMP_CWORD-2]}
  elif [[ $word == -* ]]; then
    _scu_add_words "$(_scu_options "$command")" "$word"
    return
  fi
  if [[ $before == -* ]]; then
    kind=$(_scu_value "$command" "$before")
    if [ -n "$kind" ]; then
      _scu_add "$kind" "$program" "$word"
      return
    fi
  elif [ "${COMP_WORDS[COMP_CWORD-1]}" = = ] || [ "${COMP_WORDS[COMP_CWORD]}" = = ]; then
    return
  fi
  for ((at = 2; at < COMP_CWORD; at++)); do
    case ${COMP_WORDS[at]} in
      -*) if [ -n "$(_scu_value "$command" "${COMP_WORDS[at]}")" ]; then
            if [ "${COMP_WORDS[at+1]}" = = ]; then at=$((at + 2)); else at=$((at + 1)); fi
          fi ;;
      *) count=$((count + 1)); if [ "$count" = 1 ]; then part=${COMP_WORDS[at]}; fi ;;
    esac
  done
  if [ "$command" = nodes ] && [ "$count" -gt 0 ]; then command="nodes-$part" count=$((count - 1)); fi
  kind=$(_scu_arguments "$command")
  if [ "$count" = 0 ]; then kind=${kind% *}; else kind=${kind#* }; fi
  _scu_add "$kind" "$program" "$word"
}

complete -F _scu scu
