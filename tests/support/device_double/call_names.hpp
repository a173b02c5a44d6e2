// Names of the calls, equal to the members of cuda::Calls. Failures and counters use them.
#pragma once

#include <array>
#include <string_view>

namespace pliant::test {

inline constexpr std::array<std::string_view, 28> kCallNames = {"driver_version",
                                                                "get_device_count",
                                                                "set_device",
                                                                "retain_context",
                                                                "release_context",
                                                                "enter",
                                                                "leave",
                                                                "malloc",
                                                                "free",
                                                                "malloc_host",
                                                                "free_host",
                                                                "pool_create",
                                                                "pool_destroy",
                                                                "malloc_from_pool",
                                                                "free_async",
                                                                "stream_create",
                                                                "stream_destroy",
                                                                "stream_synchronize",
                                                                "stream_is_capturing",
                                                                "stream_wait_event",
                                                                "event_create",
                                                                "event_destroy",
                                                                "event_record",
                                                                "event_query",
                                                                "memcpy_async",
                                                                "memset_async",
                                                                "launch_kernel",
                                                                "resident_blocks"};

}  // namespace pliant::test
