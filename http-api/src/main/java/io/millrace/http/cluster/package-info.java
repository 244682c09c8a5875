/// Other nodes: writes that belong to the leader, membership, identities, copies of replicas.
///
/// Enter at [Leadership] for writes and at [ClusterRoutes] for everything else; [Peers] is how this node talks to
/// others.
@NullMarked
package io.millrace.http.cluster;

import org.jspecify.annotations.NullMarked;
