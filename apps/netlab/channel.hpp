// One question and one answer between a command and a running lab, over its UNIX socket. Both are JSON; an
// answer may carry file descriptors. Who asks closes its half after the question, who answers closes after
// the answer.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "apps/netlab/descriptor.hpp"

namespace pliant::netlab {

struct Answer {
  nlohmann::ordered_json json;
  std::vector<Descriptor> descriptors;
};

/// What a lab refused, in its words.
class Refusal : public std::runtime_error {
 public:
  explicit Refusal(const std::string& text, bool is_argument = false)
      : std::runtime_error(text), is_argument_(is_argument) {}
  /// What was asked was wrong, not what became of it.
  bool is_argument() const { return is_argument_; }

 private:
  bool is_argument_;
};

/// Socket of a lab, listening. Throws Error(io).
Descriptor listen_at(const std::filesystem::path& path);
/// Connect to a lab. Throws Error(io) if none listens there.
Descriptor connect_to(const std::filesystem::path& path);

/// Ask and wait. Throws Refusal, or Error(io) if the lab is gone.
Answer ask(const std::filesystem::path& path, const nlohmann::ordered_json& question);

/// The lab's side: take the next connection's question; nothing if it was none.
std::optional<nlohmann::ordered_json> receive_question(const Descriptor& connection);
/// Descriptors stay the caller's.
void send_answer(const Descriptor& connection, const nlohmann::ordered_json& json,
                 const std::vector<int>& descriptors = {});

}  // namespace pliant::netlab
