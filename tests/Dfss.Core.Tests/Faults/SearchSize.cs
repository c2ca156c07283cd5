using System.Globalization;

namespace Dfss.Tests.Faults;

/// <summary>
/// How much a test tries that searches for faults at random: little in <c>dotnet test</c>, so that the suite stays
/// quick, and as much as an environment variable says where a search runs whole (.ci/run).
/// </summary>
internal static class SearchSize
{
    /// <summary>What the variable says; <paramref name="ordinary"/> where it is not set.</summary>
    public static int Take(string variable, int ordinary) => IsWhole(variable)
        ? int.Parse(Environment.GetEnvironmentVariable(variable)!, CultureInfo.InvariantCulture)
        : ordinary;

    /// <summary>Whether the variable is set.</summary>
    public static bool IsWhole(string variable) => Environment.GetEnvironmentVariable(variable) is { Length: > 0 };
}
