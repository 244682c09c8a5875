package io.millrace.faults.load;

import java.net.URI;
import java.util.List;

/// The nodes as clients know them. An index, once given, stays; there may become more.
public interface Nodes {
    List<URI> addresses();

    String name(int index);

    /// Whether it belongs to the cluster; one that was removed keeps its index.
    boolean isMember(int index);

    default int count() {
        return addresses().size();
    }

    /// Index of the node that a `Location` names, or −1 for an address that is none of theirs.
    default int indexOf(String location) {
        if (location.isEmpty()) {
            return -1;
        }
        String authority = URI.create(location).getAuthority();
        List<URI> addresses = addresses();
        for (int i = 0; i < addresses.size(); i++) {
            if (addresses.get(i).getAuthority().equals(authority)) {
                return i;
            }
        }
        return -1;
    }
}
