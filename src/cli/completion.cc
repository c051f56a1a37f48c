// Completion scripts, made from the commands and options themselves so that they cannot lag behind.
#include "cli/arguments.h"
#include "cli/arguments_help.h"
#include "cli/up.h"

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

std::string one_line(std::string text) {
  for (char& c : text) c = c == '\n' ? ' ' : c;
  return text;
}

bool is_up(const CLI::App& app) {
  return app.get_name() == "up";
}

// Options of the command itself and those of every command.
std::vector<const CLI::Option*> options_of(const CLI::App& app) {
  std::vector<const CLI::Option*> out;
  for (const CLI::App* at = &app; at != nullptr; at = at->get_parent()) {
    for (const CLI::Option* option : at->get_options()) {
      if (at == &app || option->get_group() == "Every command") out.push_back(option);
    }
  }
  return out;
}

std::vector<Word> words_of(const CLI::App& app) {
  std::vector<Word> out;
  for (const CLI::App* inner : app.get_subcommands([](const CLI::App*) { return true; })) {
    out.push_back({inner->get_name(), one_line(inner->get_description())});
  }
  if (is_up(app)) {
    for (const auto& [name, help] : up_options()) out.push_back({"--" + name, one_line(help)});
    return out;
  }
  for (const CLI::Option* option : options_of(app)) {
    for (const std::string& name : option->get_lnames()) {
      out.push_back({"--" + name, one_line(option->get_description())});
    }
  }
  return out;
}

// What may stand behind an option: words, "@" for files, nothing for free text.
std::string values_of(const CLI::Option& option) {
  const std::string type = option.get_type_name();
  if (type.starts_with("FILE") || type.starts_with("DIR")) return "@";
  const size_t open = type.find('{'), close = type.find('}');
  if (open == std::string::npos || close == std::string::npos) return "";
  std::string words = type.substr(open + 1, close - open - 1);
  for (char& c : words) c = c == ',' ? ' ' : c;
  return words;
}

// "--mode" -> "strict recount fuzzy threeway" for every option that takes a value.
std::vector<Word> values_in(const CLI::App& app) {
  if (is_up(app)) return {{"--data", "@"}, {"--config", "@"}, {"--store", "sqlite memory"}};
  std::vector<Word> out;
  for (const CLI::Option* option : options_of(app)) {
    if (option->get_items_expected_max() == 0 || option->get_positional()) continue;
    for (const std::string& name : option->get_lnames()) {
      out.push_back({"--" + name, values_of(*option)});
    }
    for (const std::string& name : option->get_snames()) {
      out.push_back({"-" + name, values_of(*option)});
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

constexpr const char* kBashBody = R"(
_ghost() {
  local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]} path= word i values
  for ((i = 1; i < COMP_CWORD; i++)); do
    word=${COMP_WORDS[i]}
    [[ $word == -* ]] && continue
    if [[ -n ${_ghost_words["${path:+$path }$word"]+set} ]]; then path="${path:+$path }$word"; fi
  done
  COMPREPLY=()
  if [[ -n ${_ghost_values["${path:-.} $previous"]+set} ]]; then
    values=${_ghost_values["${path:-.} $previous"]}
    if [[ $values == @ ]]; then
      COMPREPLY=($(compgen -f -- "$current"))
    else
      COMPREPLY=($(compgen -W "$values" -- "$current"))
    fi
    return
  fi
  case $path in
    submit) [[ $current != -* ]] && COMPREPLY=($(compgen -f -- "$current")) ;;
    completion) COMPREPLY=($(compgen -W "bash zsh" -- "$current")) ;;
  esac
  COMPREPLY+=($(compgen -W "${_ghost_words["${path:-.}"]}" -- "$current"))
}
complete -o filenames -F _ghost ghost
)";

// The file is sourced, or loaded by zsh itself as the function _ghost at the first completion.
constexpr const char* kZshBody = R"(
_ghost() {
  local path_typed= word values
  local -i i
  for ((i = 2; i < CURRENT; i++)); do
    word=${words[i]}
    [[ $word == -* ]] && continue
    if (( ${+_ghost_words[${path_typed:+$path_typed }$word]} )); then
      path_typed="${path_typed:+$path_typed }$word"
    fi
  done
  word="${path_typed:-.} ${words[CURRENT - 1]}"
  if (( ${+_ghost_values[$word]} )); then
    values=${_ghost_values[$word]}
    if [[ $values == @ ]]; then _files; else compadd -- ${=values}; fi
    return
  fi
  local -a found commands options
  found=("${(@f)_ghost_words[${path_typed:-.}]}")
  commands=(${found:#-*})
  options=(${(M)found:#-*})
  if [[ ${words[CURRENT]} == -* ]]; then
    _describe -o option options
    return
  fi
  case $path_typed in
    submit) _files ;;
    completion) compadd bash zsh ;;
    *) (( $#commands )) && _describe command commands ;;
  esac
}
if [[ ${funcstack[1]} == _ghost ]]; then _ghost "$@"; else compdef _ghost ghost; fi
)";

}  // namespace

std::string completion_script(const CLI::App& app, const std::string& shell) {
  const bool bash = shell == "bash";
  std::string words_by_path, values_by_option;
  const auto entry = [&](std::string* out, const std::string& key, const std::string& value) {
    *out += bash ? "  [" + shell_quoted(key) + "]=" : "  " + shell_quoted(key) + " ";
    *out += shell_quoted(value) + "\n";
  };
  for_each_command(app, "", [&](const std::string& path, const CLI::App& command) {
    std::string words;
    for (const Word& word : words_of(command)) {
      words += words.empty() ? "" : bash ? " " : "\n";
      words += bash ? word.text : word.text + ":" + word.help;
    }
    // No shell takes an empty subscript.
    const std::string key = path.empty() ? "." : path;
    entry(&words_by_path, key, words);
    for (const Word& option : values_in(command)) {
      entry(&values_by_option, key + " " + option.text, option.help);
    }
  });
  if (bash) {
    return "# bash completion for ghost\ndeclare -gA _ghost_words=(\n" + words_by_path +
           ")\ndeclare -gA _ghost_values=(\n" + values_by_option + ")" + kBashBody;
  }
  return "#compdef ghost\ntypeset -gA _ghost_words _ghost_values\n_ghost_words=(\n" +
         words_by_path + ")\n_ghost_values=(\n" + values_by_option + ")" + kZshBody;
}

}  // namespace ghost::cli
