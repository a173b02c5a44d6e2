#include "apps/netlab/channel.hpp"

#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <string>

#include "apps/netlab/units.hpp"
#include "core/error.hpp"

namespace pliant::netlab {
namespace {

constexpr std::size_t kMostDescriptors = 8;
// The lab's patience with a client: for one part of a question or answer, and for the whole question.
constexpr timeval kPatience{.tv_sec = 1, .tv_usec = 0};
constexpr TimeNs kPatienceInAll = 2'000'000'000;

sockaddr_un address_at(const std::filesystem::path& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.native().size() >= sizeof address.sun_path)
    throw Error(ErrorClass::io, quoted("socket", path.native()) + " is too long",
                "a UNIX socket's path has at most 107 characters", "Set TMPDIR to a shorter path");
  std::strcpy(address.sun_path, path.c_str());
  return address;
}

Descriptor new_socket() {
  return Descriptor(check_system(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), "opening a socket"));
}

/// Reads until the other side closes or the time is over. Collects file descriptors that arrive with the
/// text.
std::string receive_all(const Descriptor& connection, TimeNs until, std::vector<Descriptor>* descriptors) {
  std::string text;
  std::array<char, 16384> part{};
  while (now_ns() < until) {
    alignas(cmsghdr) std::array<char, CMSG_SPACE(kMostDescriptors * sizeof(int))> control{};
    iovec data{part.data(), part.size()};
    msghdr message{};
    message.msg_iov = &data;
    message.msg_iovlen = 1;
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    const ssize_t bytes = recvmsg(connection.get(), &message, MSG_CMSG_CLOEXEC);
    if (bytes <= 0) break;
    text.append(part.data(), static_cast<std::size_t>(bytes));
    for (cmsghdr* header = CMSG_FIRSTHDR(&message); header; header = CMSG_NXTHDR(&message, header)) {
      if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) continue;
      const std::size_t count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
      std::array<int, kMostDescriptors> numbers{};
      std::memcpy(numbers.data(), CMSG_DATA(header), count * sizeof(int));
      for (std::size_t i = 0; i < count; ++i) {
        Descriptor descriptor(numbers[i]);
        if (descriptors) descriptors->push_back(std::move(descriptor));
      }
    }
  }
  return text;
}

/// Replaces bytes that are not UTF-8, which may come from a command line.
std::string dump(const nlohmann::ordered_json& json) {
  return json.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

void send_all(const Descriptor& connection, const std::string& text) {
  std::size_t sent = 0;
  while (sent < text.size()) {
    const ssize_t bytes = send(connection.get(), text.data() + sent, text.size() - sent, MSG_NOSIGNAL);
    if (bytes <= 0) return;
    sent += static_cast<std::size_t>(bytes);
  }
}

}  // namespace

Descriptor listen_at(const std::filesystem::path& path) {
  const sockaddr_un address = address_at(path);
  Descriptor socket = new_socket();
  check_system(bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address),
               "binding " + path.native());
  check_system(listen(socket.get(), SOMAXCONN), "listening at " + path.native());
  return socket;
}

Descriptor connect_to(const std::filesystem::path& path) {
  const sockaddr_un address = address_at(path);
  Descriptor socket = new_socket();
  check_system(connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address),
               quoted("lab", path.native()) + " does not answer",
               "a lab listens at its socket while it is up", "Start one with pliant_netlab up");
  return socket;
}

Answer ask(const std::filesystem::path& path, const nlohmann::ordered_json& question) {
  const Descriptor socket = connect_to(path);
  send_all(socket, dump(question));
  shutdown(socket.get(), SHUT_WR);
  Answer answer;
  const std::string text = receive_all(socket, kNever, &answer.descriptors);
  answer.json = nlohmann::ordered_json::parse(text, nullptr, false);
  if (answer.json.is_discarded())
    throw Error(ErrorClass::io, quoted("lab", path.native()) + " ended before it answered",
                "a lab answers while it is up", "Start it again with pliant_netlab up");
  if (answer.json.contains("error"))
    throw Refusal(answer.json["error"].get<std::string>(), answer.json.contains("argument"));
  return answer;
}

std::optional<nlohmann::ordered_json> receive_question(const Descriptor& connection) {
  setsockopt(connection.get(), SOL_SOCKET, SO_RCVTIMEO, &kPatience, sizeof kPatience);
  setsockopt(connection.get(), SOL_SOCKET, SO_SNDTIMEO, &kPatience, sizeof kPatience);
  auto question = nlohmann::ordered_json::parse(receive_all(connection, now_ns() + kPatienceInAll, nullptr),
                                                nullptr, false);
  if (!question.is_object()) return std::nullopt;
  return question;
}

void send_answer(const Descriptor& connection, const nlohmann::ordered_json& json,
                 const std::vector<int>& descriptors) {
  const std::string text = dump(json);
  std::size_t sent = 0;
  if (!descriptors.empty()) {
    alignas(cmsghdr) std::array<char, CMSG_SPACE(kMostDescriptors * sizeof(int))> control{};
    const std::size_t bytes = std::min(descriptors.size(), kMostDescriptors) * sizeof(int);
    char first = text.front();
    iovec data{&first, 1};
    msghdr message{};
    message.msg_iov = &data;
    message.msg_iovlen = 1;
    message.msg_control = control.data();
    message.msg_controllen = CMSG_SPACE(bytes);
    cmsghdr* const header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(bytes);
    std::memcpy(CMSG_DATA(header), descriptors.data(), bytes);
    if (sendmsg(connection.get(), &message, MSG_NOSIGNAL) != 1) return;
    sent = 1;
  }
  send_all(connection, text.substr(sent));
}

}  // namespace pliant::netlab
