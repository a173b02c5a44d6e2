// Checks calls of Pliant and MPI whose failure ends the program.
#pragma once

#include <stdexcept>
#include <string>

namespace pliant::apps {

/// A refusal by the library; what() is the library's message.
class Refused : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// The library's text for an error code: problem, rule, what to do. Before MPI_Init the library has written
/// it to stderr already.
std::string error_text(int code);

/// Throws Refused with that text unless `code` is MPI_SUCCESS.
void check(int code);

}  // namespace pliant::apps
