// One question and one answer between a command and a running lab, over the lab's UNIX socket. Both are JSON,
// and an answer may carry file descriptors. The command closes its half after the question, the lab after the
// answer.
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

/// A refusal, with the lab's own message.
class Refusal : public std::runtime_error {
 public:
  explicit Refusal(const std::string& text, bool is_argument = false)
      : std::runtime_error(text), is_argument_(is_argument) {}
  /// True if the question itself was wrong, false if carrying it out failed.
  bool is_argument() const { return is_argument_; }

 private:
  bool is_argument_;
};

/// Returns a lab's listening socket. Throws Error(io).
Descriptor listen_at(const std::filesystem::path& path);
/// Connect to a lab. Throws Error(io) if none listens there.
Descriptor connect_to(const std::filesystem::path& path);

/// Asks and waits for the answer. Throws Refusal, and Error(io) if the lab is gone.
Answer ask(const std::filesystem::path& path, const nlohmann::ordered_json& question);

/// The lab's side: receives the next connection's question. Nothing if the connection brought none.
std::optional<nlohmann::ordered_json> receive_question(const Descriptor& connection);
/// Sends the answer. Its descriptors remain the caller's.
void send_answer(const Descriptor& connection, const nlohmann::ordered_json& json,
                 const std::vector<int>& descriptors = {});

}  // namespace pliant::netlab
