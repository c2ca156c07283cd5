using System.Runtime.CompilerServices;
using Dfss.Clusters;

namespace Dfss.Tests.Clusters;

/// <summary>
/// Deriving a key from a passphrase takes a third of a second on purpose, and these tests create and open a hundred
/// authorities. <c>ClusterAuthorityTests</c> checks the number of iterations that users get.
/// </summary>
internal static class QuickPassphrases
{
    [ModuleInitializer]
    internal static void Set() => ClusterAuthority.PassphraseIterations = 1000;
}
