using Azure.Provisioning;
using Azure.Provisioning.AppContainers;
using Azure.Provisioning.Expressions;
using Azure.Provisioning.Primitives;

namespace MlflowAspire.Hosting.Azure;

/// <summary>The alert on a server of which no replica runs. Azure.Provisioning has no type for alerts.</summary>
internal sealed class ReplicasAlert : ProvisionableResource
{
    private BicepValue<string>? _name;
    private BicepValue<string>? _location;
    private BicepValue<object>? _properties;

    private ReplicasAlert(string bicepIdentifier)
        : base(bicepIdentifier, "Microsoft.Insights/metricAlerts", "2018-03-01")
    {
    }

    /// <summary>The alert on an app.</summary>
    /// <param name="app">The app.</param>
    /// <param name="appName">Its name.</param>
    /// <param name="operators">The id of the action group that is told.</param>
    public static ReplicasAlert Create(ContainerApp app, string appName, ProvisioningParameter operators)
    {
        var alert = new ReplicasAlert($"{app.BicepIdentifier}_replicas");
        alert.Initialize();
        alert._name!.Assign($"{appName}-no-replica");
        alert._location!.Assign("global");
        alert._properties!.Assign(new BicepValue<object>(Object(
            ("description", Text("No replica of the server runs.")),
            ("severity", new IntLiteralExpression(0)),
            ("enabled", new BoolLiteralExpression(true)),
            ("scopes", new ArrayExpression(new MemberExpression(new IdentifierExpression(app.BicepIdentifier), "id"))),
            ("evaluationFrequency", Text("PT1M")),
            ("windowSize", Text("PT5M")),
            ("criteria", Object(
                ("odata.type", Text("Microsoft.Azure.Monitor.SingleResourceMultipleMetricCriteria")),
                ("allOf", new ArrayExpression(Object(
                    ("name", Text("replicas")),
                    ("criterionType", Text("StaticThresholdCriterion")),
                    ("metricName", Text("Replicas")),
                    ("timeAggregation", Text("Maximum")),
                    ("operator", Text("LessThan")),
                    ("threshold", new IntLiteralExpression(1))))))),
            ("actions", new ArrayExpression(Object(("actionGroupId", new IdentifierExpression(operators.BicepIdentifier))))))));
        return alert;
    }

    /// <inheritdoc />
    protected override void DefineProvisionableProperties()
    {
        base.DefineProvisionableProperties();
        _name = DefineProperty<string>("Name", ["name"], isRequired: true);
        _location = DefineProperty<string>("Location", ["location"], isRequired: true);
        _properties = DefineProperty<object>("Properties", ["properties"], isRequired: true);
    }

    private static StringLiteralExpression Text(string value) => new(value);

    private static ObjectExpression Object(params (string Name, BicepExpression Value)[] properties) =>
        new([.. properties.Select(property => new PropertyExpression(property.Name, property.Value))]);
}
