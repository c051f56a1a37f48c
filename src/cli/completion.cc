// Completion scripts, made from the commands and options themselves so that they cannot lag behind.
#include "cli/arguments.h"
#include "cli/arguments_help.h"

namespace ghost::cli {
namespace {

struct Word {
  std::string text, help;
};

std::string shell_quoted(std::string_view text) {
  std::string out = "'";
  for (const char c : text) {
    if (c == '\'') {
      out += "'\\''";
    } else {
      out += c;
    }
  }
  return out + "'";
}

std::vector<Word> words_of(const CLI::App& app) {
  std::vector<Word> out;
  for (const CLI::App* inner : app.get_subcommands([](const CLI::App*) { return true; })) {
    out.push_back({inner->get_name(), inner->get_description()});
  }
  for (const CLI::App* at = &app; at != nullptr; at = at->get_parent()) {
    for (const CLI::Option* option : at->get_options()) {
      if (at != &app && option->get_group() != "Every command") continue;
      for (const std::string& name : option->get_lnames()) {
        out.push_back({"--" + name, option->get_description()});
      }
    }
  }
  return out;
}

// Calls `each(path, app)` for the program and every command below: "", "repo", "repo add".
template <typename Each>
void for_each_command(const CLI::App& app, const std::string& path, const Each& each) {
  each(path, app);
  for (const CLI::App* inner : app.get_subcommands([](const CLI::App*) { return true; })) {
    for_each_command(*inner, path.empty() ? inner->get_name() : path + " " + inner->get_name(),
                     each);
  }
}

std::string up_words() {
  return "--data --http --runners --slots --label --lease-ms --store --drain-ms --config --help";
}

constexpr const char* kBashBody = R"(
_ghost() {
  local current=${COMP_WORDS[COMP_CWORD]} path= word i
  for ((i = 1; i < COMP_CWORD; i++)); do
    word=${COMP_WORDS[i]}
    [[ $word == -* ]] && continue
    if [[ -n ${_ghost_words["${path:+$path }$word"]+set} ]]; then path="${path:+$path }$word"; fi
  done
  COMPREPLY=()
  case $path in
    submit | "artifacts get") [[ $current != -* ]] && COMPREPLY=($(compgen -f -- "$current")) ;;
    completion) COMPREPLY=($(compgen -W "bash zsh" -- "$current")) ;;
  esac
  COMPREPLY+=($(compgen -W "${_ghost_words["${path:-.}"]}" -- "$current"))
}
complete -o filenames -F _ghost ghost
)";

constexpr const char* kZshBody = R"(
_ghost() {
  local path_typed= word
  local -i i
  for ((i = 2; i < CURRENT; i++)); do
    word=${words[i]}
    [[ $word == -* ]] && continue
    if (( ${+_ghost_words[${path_typed:+$path_typed }$word]} )); then
      path_typed="${path_typed:+$path_typed }$word"
    fi
  done
  local -a found
  found=("${(@f)_ghost_words[${path_typed:-.}]}")
  case $path_typed in
    submit | 'artifacts get') [[ ${words[CURRENT]} != -* ]] && _files ;;
    completion) compadd bash zsh ;;
  esac
  _describe -o 'ghost' found
}
compdef _ghost ghost
)";

}  // namespace

std::string completion_script(const CLI::App& app, const std::string& shell) {
  const bool bash = shell == "bash";
  std::string out = bash ? "# bash completion for ghost\ndeclare -gA _ghost_words=(\n"
                         : "#compdef ghost\ntypeset -gA _ghost_words\n_ghost_words=(\n";
  for_each_command(app, "", [&](const std::string& path, const CLI::App& command) {
    std::string words;
    for (const Word& word : words_of(command)) {
      if (bash) {
        words += (words.empty() ? "" : " ") + word.text;
      } else {
        std::string help = word.help;
        for (char& c : help) c = c == '\n' ? ' ' : c;
        words += (words.empty() ? "" : "\n") + word.text + ":" + help;
      }
    }
    if (path == "up" && bash) words = up_words();
    // No shell takes an empty subscript.
    const std::string key = shell_quoted(path.empty() ? "." : path);
    out += bash ? "  [" + key + "]=" : "  " + key + " ";
    out += shell_quoted(words) + "\n";
  });
  out += ")";
  out += bash ? kBashBody : kZshBody;
  return out;
}

}  // namespace ghost::cli
