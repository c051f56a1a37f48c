// Mutations: changes said as operations on paths. One thread.
#pragma once

#include "patch/job.h"
#include "patch/working_set.h"
#include "wire/messages.gen.h"

namespace ghost::patch {

// Puts the mutations into `files`, in order. In strict mode a path may be changed once only.
//
// An insert goes exactly behind (or before) its anchor's text. Where the anchor ends with its line
// and the contents are whole lines (they end in a newline and do not begin with one), it goes
// behind that line. A replace counts its matches; `expectMatches` must agree, for inserts too.
// Faults name the mutation, from 1, as the line.
Result<bool> apply_mutations(Job& job, const wire::PatchBody& patch, WorkingSet& files);

}  // namespace ghost::patch
