package io.millrace.replication;

import javax.net.ssl.X509ExtendedKeyManager;
import javax.net.ssl.X509ExtendedTrustManager;

/// What a node shows other nodes and what it believes of them. Both ends of every connection of the consensus
/// show a certificate; one that `trust` does not accept, or that is not for the host that was called, gets
/// nothing.
///
/// Both are asked in every handshake, so they may change what they answer while the node runs; connections that
/// are open go on.
///
/// @param keys this node's key and certificates, for both roles
/// @param trust whose certificates are believed, for both roles
public record NodeTls(X509ExtendedKeyManager keys, X509ExtendedTrustManager trust) {}
