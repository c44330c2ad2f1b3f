using System.Reflection;
using System.Text.RegularExpressions;
using MlflowAspire.Tests.Docs;
using YamlDotNet.RepresentationModel;

namespace MlflowAspire.Tests.Model;

/// <summary>GitHub runs the tests by their categories, which its workflow names: a new one is not forgotten there.</summary>
[Trait("Category", "Model")]
public sealed partial class CategoryTests
{
    [Fact]
    public void The_workflow_runs_every_test()
    {
        var workflow = YamlFile.Parse(File.ReadAllText(Path.Combine(Repository.Root, ".github", "workflows", "ci.yml")));
        var run = ((YamlMappingNode)workflow["jobs"]).Children.Values.SelectMany(RunBy).ToHashSet();
        var tests = typeof(CategoryTests).Assembly.GetTypes().Where(type => !type.IsAbstract)
            .SelectMany(type => type.GetMethods().Where(method => method.GetCustomAttribute<FactAttribute>() is not null)
                .Select(method => (Name: $"{type.FullName}.{method.Name}", Categories: CategoriesOf(type, method).ToArray())))
            .ToArray();

        // A category that is a part of another one needs no line of its own.
        var forgotten = tests.Where(test => !test.Categories.Any(run.Contains)).Select(test => test.Name).ToArray();
        Assert.True(forgotten is [], $"ci.yml runs no category of these:\n{string.Join('\n', forgotten)}");
        Assert.Empty(run.Except(tests.SelectMany(test => test.Categories)));
    }

    private static IEnumerable<string> RunBy(YamlNode job)
    {
        var matrix = job.Keys().Contains("strategy") ? job["strategy"]["matrix"].Items("category").Select(category => category.ToString()) : [];
        return job.Items("steps").Select(step => step.Text("run")).OfType<string>().SelectMany(run => Category().Matches(run))
            .SelectMany(match => match.Groups["name"].Success ? [match.Groups["name"].Value] : matrix);
    }

    // xunit's attribute does not tell what it was made with.
    private static IEnumerable<string> CategoriesOf(Type type, MethodInfo method)
    {
        var attributes = method.CustomAttributes;
        for (var current = type; current is not null; current = current.BaseType)
        {
            attributes = attributes.Concat(current.CustomAttributes);
        }

        return attributes.Where(attribute => attribute.AttributeType == typeof(TraitAttribute))
            .Where(trait => (string?)trait.ConstructorArguments[0].Value == "Category")
            .Select(trait => (string)trait.ConstructorArguments[1].Value!);
    }

    [GeneratedRegex(@"Category=((?<name>\w+)|\$\{\{ matrix\.category \}\})")]
    private static partial Regex Category();
}
