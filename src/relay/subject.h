// What a request sets to a new value, as text: of two requests with the same subject the later one
// holds. Empty: it sets nothing, or says itself what it may follow.
#pragma once

#include <string>

#include "wire/messages.gen.h"

namespace ghost::relay {

template <typename Q>
std::string subject_of(const Q&) {
  return "";
}
inline std::string subject_of(const wire::DrainRunner& q) {
  return "drain " + q.id;
}
inline std::string subject_of(const wire::SetSlots& q) {
  return "slots " + q.id;
}
inline std::string subject_of(const wire::PatchLane& q) {
  return "lane " + q.name;
}
inline std::string subject_of(const wire::PatchTenant& q) {
  return "tenant " + q.name;
}
inline std::string subject_of(const wire::PutRepo& q) {
  return "repo " + q.repo.name;
}
inline std::string subject_of(const wire::DeleteRepo& q) {
  return "repo " + q.name;
}
inline std::string subject_of(const wire::PutInstance& q) {
  return "instance " + q.instance.service + " " + q.instance.instance;
}
inline std::string subject_of(const wire::DeleteInstance& q) {
  return "instance " + q.service + " " + q.instance;
}

}  // namespace ghost::relay
